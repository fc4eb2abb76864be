/// Let a videobuf2 buffer say what an importer of its mappings can do with it.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 2
// <smpl>
@@
@@
 #include <linux/refcount.h>
+
+struct vma_owner_obj_ops;

@@
@@
 struct vb2_vmarea_handler {
	...
	void			*arg;
+	/** @owner: operations on @arg as an owned object; NULL: not owned */
+	const struct vma_owner_obj_ops	*owner;
+	/** @size: size of the buffer in bytes, wanted with @owner */
+	unsigned long		size;
 };
// </smpl>
