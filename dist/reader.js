import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{Qa as r,cb as e,gb as o}from"./chunk-FWMRRSAN.js";import"./chunk-OIHM5DOZ.js";import"./chunk-YLNLDYLQ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
