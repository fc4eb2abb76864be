/// Give the kernel mapping as 5.10 wants it.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// <smpl>
@@
@@
+static void *bracket_vmap(struct dma_buf *dmabuf)
+{
+	return dmabuf->priv;
+}
-static int bracket_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
-{
-...
-}
// </smpl>
