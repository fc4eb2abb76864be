/// Finish user memory where its owner may sleep.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 2
// <smpl>
@@
@@
 void vb2_buffer_done(struct vb2_buffer *vb, enum vb2_buffer_state state)
 {
	...
-	if (state != VB2_BUF_STATE_QUEUED)
+	if (state != VB2_BUF_STATE_QUEUED && vb->memory != VB2_MEMORY_USERPTR)
		__vb2_buf_mem_finish(vb);
	...
 }

@@
@@
 int vb2_core_dqbuf(struct vb2_queue *q, unsigned int *pindex, void *pb,
		    bool nonblocking)
 {
	<...
+	/* User memory: its owner may sleep, vb2_buffer_done() may not */
+	__vb2_buf_mem_finish(vb);
	call_void_vb_qop(vb, buf_finish, vb);
	...>
 }
// </smpl>
