import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{ab as r,pb as e,ub as o}from"./chunk-TRU4IK55.js";import"./chunk-EU7QUGAZ.js";import"./chunk-OIHM5DOZ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
