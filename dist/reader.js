import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);
import{Pa as o,g as r,w as e}from"./chunk-2DPEYQIU.js";import"./chunk-OIHM5DOZ.js";import"./chunk-YLNLDYLQ.js";import"./chunk-3WBTJ56H.js";await e(t=>o(r(),t));
