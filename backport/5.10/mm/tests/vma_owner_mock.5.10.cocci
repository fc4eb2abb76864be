/// Test with the dma-buf operations and the kernel log of 5.10.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: vmap returns the address, and the log is read through a dumper.
/// Expect: 4
// <smpl>
@@
@@
+static void *vo_buf_vmap(struct dma_buf *dmabuf)
+{
+	struct iosys_map map;
+
+	return vo_vmap(dmabuf->priv, &map) ? NULL : map.vaddr;
+}
-static int vo_buf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
-{
-...
-}

@@
@@
+static void vo_buf_vunmap(struct dma_buf *dmabuf, void *vaddr)
+{
+	struct iosys_map map = { .vaddr = vaddr };
+
+	vo_vunmap(dmabuf->priv, &map);
+}
-static void vo_buf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
-{
-...
-}
// </smpl>
