import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{Wa as r,jb as e,nb as o}from"./chunk-YLPXKYGT.js";import"./chunk-EU7QUGAZ.js";import"./chunk-OIHM5DOZ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
