/// Nobody maps tables of pages any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: each ASIC has functions of its own for it.
/// Expect: 1
// <smpl>
@@
@@
-static int gaudi_dma_map_sg(struct hl_device *hdev, struct scatterlist *sgl,
-			   int nents, enum dma_data_direction dir)
-{
-...
-}

@@
@@
-static void gaudi_dma_unmap_sg(struct hl_device *hdev, struct scatterlist *sgl,
-			      int nents, enum dma_data_direction dir)
-{
-...
-}
// </smpl>
