import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{Pa as r,bb as e,fb as o}from"./chunk-5RY2HVW2.js";import"./chunk-OIHM5DOZ.js";import"./chunk-EU7QUGAZ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
