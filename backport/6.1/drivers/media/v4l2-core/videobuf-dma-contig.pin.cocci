/// USERPTR buffers of videobuf-dma-contig are pinned through their owner.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
// 6.1: newer kernels have no videobuf1.
/// Expect: 5
// <smpl>
@@
@@
 #include <linux/slab.h>
+#include <linux/vma_owner.h>

@@
@@
 struct videobuf_dma_contig_memory {
	...
	unsigned long size;
+	struct vma_pin pin;
 };

@@
@@
-static void videobuf_dma_contig_user_put(struct videobuf_dma_contig_memory *mem)
-{
-...
-}

@@
@@
-static int videobuf_dma_contig_user_get(struct videobuf_dma_contig_memory *mem,
-					struct videobuf_buffer *vb)
-{
-...
-}

@@
expression mem, vb;
@@
-videobuf_dma_contig_user_get(mem, vb)
+videobuf_dma_contig_user_get(q, vb)

@@
@@
 struct videobuf_qtype_ops qops = {
	...,
	.iolock = __videobuf_iolock,
+	.sync = __videobuf_sync,
+	.hand_over = __videobuf_hand_over,
+	.stale = __videobuf_stale,
	...,
 };
// </smpl>
