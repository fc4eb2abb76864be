/// Tell user space if a buffer could not be handed over.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 6
/// Expect: 7 [5.10]
// <smpl>
@@
@@
-static void __vb2_buf_mem_prepare(struct vb2_buffer *vb)
+static int __vb2_buf_mem_prepare(struct vb2_buffer *vb)
 {
	unsigned int plane;
+	int err;
+	int ret = 0;
	...
	if (vb->synced)
-		return;
+		return 0;
+
+	vb->sync_failed = 0;
	...
 }

// All planes, as all of them are finished
@@
expression priv;
@@
-call_void_memop(vb, prepare, priv);
+{
+	err = __vb2_mem_sync(vb, plane, true);
+	if (err)
+		ret = err;
+}

@@
@@
 __vb2_buf_mem_prepare(...)
 {
	...
+
+	return ret;
 }

@@
expression priv;
@@
-call_void_memop(vb, finish, priv);
+if (__vb2_mem_sync(vb, plane, false))
+	vb->sync_failed = 1;

// 5.10: the core knows whether to sync; user memory is handed over in any case
@@
@@
-if (vb->need_cache_sync_on_prepare)
+if (vb->need_cache_sync_on_prepare || vb->memory == VB2_MEMORY_USERPTR)
 { ... }

@@
@@
-if (vb->need_cache_sync_on_finish)
+if (vb->need_cache_sync_on_finish || vb->memory == VB2_MEMORY_USERPTR)
 { ... }

@@
@@
 int vb2_core_dqbuf(struct vb2_queue *q, unsigned int *pindex, void *pb,
		    bool nonblocking)
 {
	<...
	__vb2_buf_mem_finish(vb);
+	if (vb->sync_failed)
+		vb->state = VB2_BUF_STATE_ERROR;
	...>
 }
// </smpl>
