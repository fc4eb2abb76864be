/// Give every VMA's operations a place for the owner of its memory.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 2
// <smpl>
@@
@@
+struct vma_owner_ops;
[7.3]  struct vm_uffd_ops;
[6.12]  struct folio_batch;
[6.1]  struct pt_regs;
[5.10]  struct bdi_writeback;

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
