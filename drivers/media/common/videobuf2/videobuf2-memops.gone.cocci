/// Nobody makes frame vectors any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
declarer name EXPORT_SYMBOL;
@@
-EXPORT_SYMBOL(vb2_create_framevec);

@@
declarer name EXPORT_SYMBOL;
@@
-EXPORT_SYMBOL(vb2_destroy_framevec);

@@
@@
-struct frame_vector *vb2_create_framevec(unsigned long start,
-					  unsigned long length, bool write)
-{
-...
-}

@@
@@
-void vb2_destroy_framevec(struct frame_vector *vec)
-{
-...
-}
// </smpl>
