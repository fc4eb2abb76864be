/// Let the generic VMA owner tell a dma-buf from any other file.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 2
// <smpl>
@@
@@
[7.3]  #include <trace/events/dma_buf.h>
[6.12]  #include "dma-buf-sysfs-stats.h"
[6.1 5.10]  #include <uapi/linux/magic.h>
[7.3 6.1 5.10] +
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
[7.3 6.12 6.1]  static struct file *dma_buf_getfile(size_t size, int flags)
[5.10]  static struct file *dma_buf_getfile(struct dma_buf *dmabuf, int flags)
 { ... }
// </smpl>
