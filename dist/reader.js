import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{$a as r,ob as e,tb as o}from"./chunk-WYWG67B2.js";import"./chunk-EU7QUGAZ.js";import"./chunk-OIHM5DOZ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
