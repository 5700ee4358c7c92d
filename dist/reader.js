import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{Za as r,mb as e,rb as o}from"./chunk-7AIGNKQS.js";import"./chunk-EU7QUGAZ.js";import"./chunk-OIHM5DOZ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
