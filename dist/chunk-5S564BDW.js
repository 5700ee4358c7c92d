import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{A as f}from"./chunk-R5U2E5MR.js";import{a as i}from"./chunk-3WBTJ56H.js";var b=/[^\n\t\x20-\x7e]/,m=/[\p{C}\p{Zl}\p{Zp}]/gu;function p(n){return M(n)?n:n.replaceAll(`\r
`,`
`).replace(m,w)}i(p,"visible");var M=i(n=>!b.test(n),"isPlain");function u(n){return p(n).replace(/[\n\t]+/g," ").trim()}i(u,"visibleLine");function w(n){if(n===`
`||n==="	")return n;if(n==="\r")return"\\r";let t=n.codePointAt(0)??0;return t>=55296&&t<=57343?"\uFFFD":t<256?`\\x${t.toString(16).padStart(2,"0")}`:`\\u{${t.toString(16)}}`}i(w,"spellOut");function l(n){return Buffer.byteLength(n)}i(l,"byteLength");function a(n,t){if(n.length*3<=t)return n;let r=n.slice(0,Math.max(0,t));if(l(r)<=t)return d(r);let e=Buffer.from(r),o=t;for(;o>0&&((e[o]??0)&192)===128;)o-=1;return e.toString("utf8",0,o)}i(a,"headBytes");function y(n,t){if(n.length*3<=t)return n;let r=Buffer.from(n.slice(Math.max(0,n.length-Math.max(0,t)))),e=Math.max(0,r.length-t);for(;e<r.length&&((r[e]??0)&192)===128;)e+=1;return r.toString("utf8",e)}i(y,"tailBytes");var d=i(n=>/[\ud800-\udbff]$/.test(n)?n.slice(0,-1):n,"dropHalf");function x(n,t,r){if(n.length*3<=t)return n;let e=l(n);if(e<=t)return n;let o=i(h=>`
[\u2026 ${h} bytes left out; ${r} \u2026]
`,"note"),s=t-l(o(e));if(s<=0)return a(o(e).trim(),t);let c=a(n,Math.ceil(s*.75)),$=y(n,s-l(c));return`${c}${o(e-l(c)-l($))}${$}`}i(x,"cutMiddle");function A(n,t){let r=u(n.length>t*2?n.slice(0,t*2):n);return r.length<=t&&n.length<=t*2?r:`${d(r.slice(0,t-1))}\u2026`}i(A,"shortLine");var g="\u200B";function P(n){let t=u(n).replaceAll("|","\\|");if(t==="")return"` `";let r=Math.max(0,...(t.match(/`+/g)??[]).map(s=>s.length)),e="`".repeat(r+1),o=t.startsWith("`")||t.endsWith("`")?" ":"";return`${e}${o}${t}${o}${e}`}i(P,"code");function B(n){return u(n).replace(/[\\`*_[\]<>&|~$]/g,t=>S[t]??`\\${t}`).replace(/^(\d*)(?=[-+=.)#])/,"$1\\").replace(/@|#(?=\w)/g,`$&${g}`).replace(/\bgh-(?=\d)/gi,`$&${g}`).replace(/:(?=\/\/)|\b(?:mailto|xmpp):|\bwww(?=\.)/gi,`$&${g}`).replace(/:(?=[\w+-]+:)/g,`$&${g}`).replace(/\b[0-9a-f]{7,}\b/gi,t=>t.replace(/.{6}(?=.)/g,`$&${g}`))}i(B,"prose");var S={"<":"&lt;",">":"&gt;","&":"&amp;",$:"<span>$</span>"};function R(n,t=""){let r=f(p(n),`
`),e=Math.max(2,...(r.match(/`{3,}/g)??[]).map(s=>s.length)),o="`".repeat(e+1);return`${o}${t}
${r}
${o}
`}i(R,"fenced");function T(n){return`<code>${u(n).replace(/[&<>"']/g,r=>`&#${r.charCodeAt(0)};`)}</code>`}i(T,"htmlCode");function W(n,t,r="closed"){return`<details${r==="open"?" open":""}><summary>${n}</summary>

${f(t,`
`)}

</details>

`}i(W,"details");function j(n,t){if(t.length===0)return"";let r=i(s=>`| ${s.join(" | ")} |
`,"line"),e=n.map(s=>s.replace(/:$/,"")),o=n.map(s=>s.endsWith(":")?"---:":"---");return`${r(e)}${r(o)}${t.map(r).join("")}
`}i(j,"table");var K=i((n,t,r=`${t}s`)=>`${n} ${n===1?t:r}`,"count");function O(n){if(n<10)return`${Math.round(n*10)/10} s`;let t=Math.round(n);return t<60?`${t} s`:t<3600?`${Math.floor(t/60)} min ${t%60} s`:`${Math.floor(t/3600)} h ${Math.floor(t%3600/60)} min`}i(O,"duration");function Z(n){let t=["B","KiB","MiB","GiB","TiB"],r=0,e=n;for(;e>=1024&&r<t.length-1;)e/=1024,r+=1;return`${r===0?e:e.toFixed(e<10?1:0)} ${t[r]}`}i(Z,"bytes");export{p as a,M as b,u as c,l as d,a as e,x as f,A as g,P as h,B as i,R as j,T as k,W as l,j as m,K as n,O as o,Z as p};
