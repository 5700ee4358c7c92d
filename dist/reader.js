import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{_a as r,nb as e,sb as o}from"./chunk-T74FAFFN.js";import"./chunk-EU7QUGAZ.js";import"./chunk-OIHM5DOZ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
