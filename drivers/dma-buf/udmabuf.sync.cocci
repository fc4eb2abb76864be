/// Sync what importers have mapped, not a mapping of the misc device's.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 19
/// Expect: 18 [6.1]
/// Expect: 16 [5.10]
// <smpl>
@@
@@
 #include <linux/dma-buf.h>
+#include <linux/dma-buf-sync.h>

@@
@@
 struct udmabuf {
	pgoff_t pagecount;
+	struct dma_buf_sync_list importers;
	...
-	struct sg_table *sg;
-	enum dma_data_direction sg_dir;
-	struct miscdevice *device;
	...
 };

@@
@@
 get_sg_table(...)
 {
	<...
-	DMA_ATTR_SKIP_CPU_SYNC
+	0
	...>
 }

@@
@@
 put_sg_table(...)
 {
	<...
-	DMA_ATTR_SKIP_CPU_SYNC
+	0
	...>
 }

@@
@@
 map_udmabuf(...)
 {
-	return get_sg_table(at->dev, at->dmabuf, direction);
+	struct udmabuf *ubuf = at->dmabuf->priv;
+	struct sg_table *sg;
+	int ret;
+
+	direction = dma_buf_sync_map_dir(direction);
+	sg = get_sg_table(at->dev, at->dmabuf, direction);
+	if (IS_ERR(sg))
+		return sg;
+	ret = dma_buf_sync_add(&ubuf->importers, at->dev, sg, direction);
+	if (!ret)
+		return sg;
+	put_sg_table(at->dev, sg, direction);
+	return ERR_PTR(ret);
 }

@@
@@
 unmap_udmabuf(...)
 {
-	return put_sg_table(at->dev, sg, direction);
+	struct udmabuf *ubuf = at->dmabuf->priv;
+
+	dma_buf_sync_del(&ubuf->importers, sg);
+	put_sg_table(at->dev, sg, dma_buf_sync_map_dir(direction));
 }

@@
@@
 release_udmabuf(...)
 {
	...
-	struct device *dev = ubuf->device->this_device;
	...
-	if (ubuf->sg)
-		put_sg_table(dev, ubuf->sg, ubuf->sg_dir);
	...
 }

@@
@@
+static int begin_cpu_udmabuf(struct dma_buf *buf,
+			     enum dma_data_direction direction)
+{
+	struct udmabuf *ubuf = buf->priv;
+
+	dma_buf_sync_for_cpu(&ubuf->importers, direction);
+	return 0;
+}
-static int begin_cpu_udmabuf(struct dma_buf *buf,
-			     enum dma_data_direction direction)
-{
-...
-}

@@
@@
+static int end_cpu_udmabuf(struct dma_buf *buf,
+			   enum dma_data_direction direction)
+{
+	struct udmabuf *ubuf = buf->priv;
+
+	dma_buf_sync_for_device(&ubuf->importers, direction);
+	return 0;
+}
-static int end_cpu_udmabuf(struct dma_buf *buf,
-			   enum dma_data_direction direction)
-{
-...
-}

@@
@@
-ubuf->device = device;
+dma_buf_sync_init(&ubuf->importers);

@@
@@
 export_udmabuf(
	struct udmabuf *ubuf
-	, struct miscdevice *device
 )
 { ... }

@@
@@
 export_udmabuf(ubuf
-	, device
 )

@@
@@
 udmabuf_create(
-	struct miscdevice *device,
	struct udmabuf_create_list *head,
	struct udmabuf_create_item *list)
 { ... }

@@
expression head, list;
@@
 udmabuf_create(
-	filp->private_data,
	head, list)

@@
@@
 udmabuf_dev_init(...)
 {
	...
-	ret = dma_coerce_mask_and_coherent(...);
-	if (ret < 0) {
-		...
-	}
	return 0;
 }
// </smpl>
