/// Nobody maps tables of pages any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 7
// <smpl>
@@
@@
-int hl_dma_map_sgtable_caller(struct hl_device *hdev, struct sg_table *sgt,
-			       enum dma_data_direction dir, const char *caller)
-{
-...
-}

@@
@@
-int hl_asic_dma_map_sgtable(struct hl_device *hdev, struct sg_table *sgt,
-			     enum dma_data_direction dir)
-{
-...
-}

@@
@@
-void hl_dma_unmap_sgtable_caller(struct hl_device *hdev, struct sg_table *sgt,
-				  enum dma_data_direction dir,
-				  const char *caller)
-{
-...
-}

@@
@@
-void hl_asic_dma_unmap_sgtable(struct hl_device *hdev, struct sg_table *sgt,
-				enum dma_data_direction dir)
-{
-...
-}
// </smpl>
