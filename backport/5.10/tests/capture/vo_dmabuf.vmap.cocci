/// Give the kernel mapping as 5.10 wants it.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// <smpl>
@@
@@
+static void *vo_vmap(struct dma_buf *dmabuf)
+{
+	struct vo_object *obj = dmabuf->priv;
+
+	return page_address(obj->pages);
+}
-static int vo_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
-{
-...
-}
// </smpl>
