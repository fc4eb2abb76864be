/// Nobody maps tables of pages any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 6.1: no callers are traced.
/// Expect: 1
// <smpl>
@@
@@
-int hl_dma_map_sgtable(struct hl_device *hdev, struct sg_table *sgt,
-			enum dma_data_direction dir)
-{
-...
-}

@@
@@
-void hl_dma_unmap_sgtable(struct hl_device *hdev, struct sg_table *sgt,
-			   enum dma_data_direction dir)
-{
-...
-}
// </smpl>
