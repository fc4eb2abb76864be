/// An exporter may have no kernel mapping of a buffer; user space can ask for it.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
identifier ret, ptr;
@@
 dma_buf_vmap(...)
 {
	<...
(
-	WARN_ON_ONCE(ret)
+	ret
|
-	WARN_ON_ONCE(IS_ERR(ptr))
+	IS_ERR(ptr)
)
	...>
 }
// </smpl>
