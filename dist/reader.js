import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{Qa as r,db as e,hb as o}from"./chunk-SLR2OK7U.js";import"./chunk-EU7QUGAZ.js";import"./chunk-OIHM5DOZ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
