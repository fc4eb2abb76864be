/// Give every VMA's operations a place for the owner of its memory.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 6.12: no vm_uffd_ops to stand beside.
// Options: --smpl-spacing
/// Expect: 2
// <smpl>
@@
@@
+struct vma_owner_ops;
 struct folio_batch;

@@
@@
 struct vm_operations_struct {
 ...
+#ifdef CONFIG_VMA_OWNER
+	/**
+	 * @owner_ops: who owns the memory behind the VMA, and how to take a
+	 * counted reference to it; see Documentation/mm/vma_owner.rst.
+	 */
+	const struct vma_owner_ops *owner_ops;
+#endif
 };
// </smpl>
