/// A job's host memory is mapped for the device when it is pinned.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// The table is mapped through the ASIC's functions.
/// Expect: 3
// <smpl>
@@
expression size;
@@
 hl_pin_host_memory(hdev, addr, size, userptr
+	, dir
 )

@@
@@
[6.1] -	rc = hdev->asic_funcs->asic_dma_map_sgtable(...);
[5.10] -	rc = hdev->asic_funcs->asic_dma_map_sg(...);
-	if (rc) {
-		dev_err(...);
-		goto unpin_memory;
-	}
-	userptr->dma_mapped = true;
-	userptr->dir = dir;

@@
@@
-unpin_memory:
-	list_del(&userptr->job_node);
-	hl_unpin_host_memory(hdev, userptr);
// </smpl>
