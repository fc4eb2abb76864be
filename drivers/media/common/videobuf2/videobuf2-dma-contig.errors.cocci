/// prepare and finish tell whether they failed.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 8
/// Expect: 6 [5.10]
// <smpl>
@r@
identifier f =~ "^vb2_dc_(prepare|finish)$";
@@
-static void f(void *buf_priv)
+static int f(void *buf_priv)
 {
	<...
-	return;
+	return 0;
	...>
 }

@@
identifier r.f;
@@
 f(...)
 {
	...
(
	dma_sync_sgtable_for_device(...);
+	return 0;
|
	dma_sync_sgtable_for_cpu(...);
+	return 0;
)
 }
// </smpl>
