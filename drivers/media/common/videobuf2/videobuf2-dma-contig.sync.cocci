/// Sync what importers have mapped of memory that the CPU caches.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 5
// <smpl>
@@
@@
 #include <linux/dma-buf.h>
+#include <linux/dma-buf-sync.h>

@@
identifier buf;
@@
 vb2_dc_alloc(...)
 {
	...
	buf->handler.arg = buf;
+	buf->cached = vb2_dc_is_cached(buf);
+	dma_buf_sync_init(&buf->importers);
	...
 }

@@
@@
 vb2_dc_dmabuf_ops_detach(...)
 {
	...
-	if (attach->dma_dir != DMA_NONE)
-		dma_unmap_sgtable(db_attach->dev, sgt, attach->dma_dir,
-				  DMA_ATTR_SKIP_CPU_SYNC);
+	vb2_dc_unmap_importer(db_attach);
	...
 }

@@
@@
 vb2_dc_dmabuf_ops_map(...)
 {
	...
-	if (attach->dma_dir != DMA_NONE) {
-		dma_unmap_sgtable(db_attach->dev, sgt, attach->dma_dir,
-				  DMA_ATTR_SKIP_CPU_SYNC);
-		attach->dma_dir = DMA_NONE;
-	}
+	vb2_dc_unmap_importer(db_attach);
	...
 }

@@
@@
 vb2_dc_dmabuf_ops_map(...)
 {
	...
-	if (dma_map_sgtable(db_attach->dev, sgt, dma_dir,
-			    DMA_ATTR_SKIP_CPU_SYNC)) {
+	if (vb2_dc_map_importer(db_attach, dma_dir)) {
	...
	}
	...
 }
// </smpl>
