/// Make no segment longer than the device can take.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: the function has another name, and returns the last entry.
/// Expect: 2
// <smpl>
@@
expression sg, pages, n, offset, size, gfp;
@@
 get_sg_table(...)
 {
	...
+	struct scatterlist *last;
	int ret;
	<...
-	ret = sg_alloc_table_from_pages(sg, pages, n, offset, size, gfp);
+	last = __sg_alloc_table_from_pages(sg, pages, n, offset, size, dma_get_max_seg_size(dev), NULL, 0, gfp);
+	ret = PTR_ERR_OR_ZERO(last);
	...>
 }
// </smpl>
