/// Nobody maps tables of pages any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: the operations take lists, and have other names.
/// Expect: 2
// <smpl>
@@
@@
 struct hl_asic_funcs {
	...
-	void (*hl_dma_unmap_sg)(struct hl_device *hdev, struct scatterlist *sgl,
-				int nents, enum dma_data_direction dir);
	int (*cs_parser)(struct hl_device *hdev, struct hl_cs_parser *parser);
-	int (*asic_dma_map_sg)(struct hl_device *hdev, struct scatterlist *sgl,
-			       int nents, enum dma_data_direction dir);
	...
 };
// </smpl>
