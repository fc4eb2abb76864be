/// A userptr holds a pin, and knows its direction from the start.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: a frame vector stands where 7.3 has pages.
/// Expect: 3
// <smpl>
@@
@@
 struct hl_userptr {
	...
-	struct frame_vector		*vec;
+	struct vma_pin			pin;
	struct sg_table			*sgt;
	...
-	u8				dma_mapped;
 };

@@
@@
 int hl_pin_host_memory(struct hl_device *hdev, u64 addr, u64 size,
			struct hl_userptr *userptr
+	, enum dma_data_direction dir
 );
// </smpl>
