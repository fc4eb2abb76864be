/// Nobody makes frame vectors any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// vb2_create_framevec() has no direction.
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
-					  unsigned long length)
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
