/// Make no segment longer than the device can take.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
expression sg, pages, n, offset, size, gfp;
@@
 get_sg_table(...)
 {
	<...
-	sg_alloc_table_from_pages(sg, pages, n, offset, size, gfp)
+	sg_alloc_table_from_pages_segment(sg, pages, n, offset, size, dma_get_max_seg_size(dev), gfp)
	...>
 }
// </smpl>
