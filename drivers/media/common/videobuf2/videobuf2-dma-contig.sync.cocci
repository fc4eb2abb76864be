/// Sync what importers have mapped of memory that the CPU caches.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Up to 6.1 the exporter's map and unmap have to lock.
/// Expect: 7
/// Expect: 8 [5.10 6.1]
// <smpl>
@@
@@
 #include <linux/dma-buf.h>
+#include <linux/dma-buf-sync.h>

@@
@@
 #include <linux/dma-mapping.h>
+#include <linux/dma-map-ops.h>

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

@locked@
expression lock;
@@
 vb2_dc_dmabuf_ops_map(...)
 {
	...
	mutex_lock(lock);
	...
 }

@depends on locked@
@@
+static struct sg_table *vb2_dc_dmabuf_ops_map(
+	struct dma_buf_attachment *db_attach, enum dma_data_direction dma_dir)
+{
+	struct vb2_dc_attachment *attach = db_attach->priv;
+	/* stealing dmabuf mutex to serialize map/unmap operations */
+	struct mutex *lock = &db_attach->dmabuf->lock;
+	int ret;
+
+	mutex_lock(lock);
+	ret = vb2_dc_map_importer(db_attach, dma_dir);
+	mutex_unlock(lock);
+	return ret ? ERR_PTR(ret) : &attach->sgt;
+}
-static struct sg_table *vb2_dc_dmabuf_ops_map(
-	struct dma_buf_attachment *db_attach, enum dma_data_direction dma_dir)
-{
-...
-}

@depends on !locked@
@@
+static struct sg_table *vb2_dc_dmabuf_ops_map(
+	struct dma_buf_attachment *db_attach, enum dma_data_direction dma_dir)
+{
+	struct vb2_dc_attachment *attach = db_attach->priv;
+	int ret = vb2_dc_map_importer(db_attach, dma_dir);
+
+	return ret ? ERR_PTR(ret) : &attach->sgt;
+}
-static struct sg_table *vb2_dc_dmabuf_ops_map(
-	struct dma_buf_attachment *db_attach, enum dma_data_direction dma_dir)
-{
-...
-}
// </smpl>
