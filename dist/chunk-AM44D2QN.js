import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{b as e}from"./chunk-SBULAE5T.js";import{a as t}from"./chunk-3WBTJ56H.js";function u(r,p={}){let o=e.filter(({faces:n,name:s})=>n.includes("action")&&p[s]===void 0).map(({name:n})=>n);return Object.fromEntries(o.map(n=>[n,r.getInput(n)]))}t(u,"stepInputs");export{u as a};
