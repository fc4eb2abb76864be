/// Own what dma-contig buffers map: importers reach them through a dma-buf.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 3
// <smpl>
@@
@@
 #include <media/videobuf2-memops.h>
+#include <media/videobuf2-vma-owner.h>

@@
identifier buf;
@@
 vb2_dc_alloc(...)
 {
	...
	buf->handler.arg = buf;
+	buf->handler.owner = &vb2_dc_owner_ops;
+	buf->handler.size = buf->size;
	buf->cached = vb2_dc_is_cached(buf);
+	buf->how = vb2_dc_how_to_sync(buf);
	...
 }
// </smpl>
