/// Host memory is pinned through its owner, by userptr.c.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 9
// <smpl>
@@
@@
+static int dma_map_host_va(struct hl_device *hdev, u64 addr, u64 size,
+			   struct hl_userptr **p_userptr)
+{
+	struct hl_userptr *userptr = kzalloc_obj(*userptr);
+	int rc;
+
+	if (!userptr)
+		return -ENOMEM;
+	userptr->vm_type = VM_TYPE_USERPTR;
+	rc = hl_pin_host_memory(hdev, addr, size, userptr, DMA_BIDIRECTIONAL);
+	if (rc) {
+		kfree(userptr);
+		return rc;
+	}
+	*p_userptr = userptr;
+	return 0;
+}
-static int dma_map_host_va(struct hl_device *hdev, u64 addr, u64 size,
-				struct hl_userptr **p_userptr)
-{
-...
-}

@@
@@
-static int get_user_memory(struct hl_device *hdev, u64 addr, u64 size,
-				u32 npages, u64 start, u32 offset,
-				struct hl_userptr *userptr)
-{
-...
-}

@@
@@
-int hl_pin_host_memory(struct hl_device *hdev, u64 addr, u64 size,
-					struct hl_userptr *userptr)
-{
-...
-}

@@
@@
-void hl_unpin_host_memory(struct hl_device *hdev, struct hl_userptr *userptr)
-{
-...
-}
// </smpl>
