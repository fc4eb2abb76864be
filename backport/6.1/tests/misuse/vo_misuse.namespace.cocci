/// Name the namespace as 6.1 wants it.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// <smpl>
@@
declarer name MODULE_IMPORT_NS;
@@
-MODULE_IMPORT_NS("DMA_BUF");
+MODULE_IMPORT_NS(DMA_BUF);
// </smpl>
