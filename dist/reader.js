import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{Ma as r,_a as e,cb as o}from"./chunk-KPCME7VQ.js";import"./chunk-OIHM5DOZ.js";import"./chunk-YLNLDYLQ.js";import"./chunk-3WBTJ56H.js";await o(t=>r(e(),t));
