/// Tell user space if a buffer could not be handed over.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 4
/// Expect: 3 [5.10]
// <smpl>
@@
@@
 void __vb2_buf_mem_prepare(struct vb2_buffer *vb)
 {
	...
	if (vb->synced)
		return;
+
+	vb->sync_failed = 0;
	...
 }

@@
expression priv;
@@
-call_void_memop(vb, prepare, priv);
+if (call_memop(vb, prepare, priv))
+	vb->sync_failed = 1;

@@
expression priv;
@@
-call_void_memop(vb, finish, priv);
+if (call_memop(vb, finish, priv))
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
