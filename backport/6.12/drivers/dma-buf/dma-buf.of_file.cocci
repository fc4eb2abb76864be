/// Let the generic VMA owner tell a dma-buf from any other file.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
// 6.12: no trace events.
/// Expect: 2
// <smpl>
@@
@@
 #include "dma-buf-sysfs-stats.h"
+#include "dma-buf-vma-owner.h"

@@
@@
+#ifdef CONFIG_VMA_OWNER
+struct dma_buf *dma_buf_of_file(struct file *file)
+{
+	return file && is_dma_buf_file(file) ? file->private_data : NULL;
+}
+#endif
+
 static struct file *dma_buf_getfile(size_t size, int flags)
 { ... }
// </smpl>
