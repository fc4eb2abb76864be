/// Let the generic VMA owner tell a dma-buf from any other file.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
// 5.10: no trace events, and dma_buf_getfile() takes the dma-buf.
/// Expect: 2
// <smpl>
@@
@@
 #include <uapi/linux/magic.h>
+
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
 static struct file *dma_buf_getfile(struct dma_buf *dmabuf, int flags)
 { ... }
// </smpl>
