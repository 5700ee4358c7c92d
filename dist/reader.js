import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{Ya as r,lb as e,pb as o}from"./chunk-S7X32OU6.js";import"./chunk-EU7QUGAZ.js";import"./chunk-OIHM5DOZ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
