/// Nobody makes frame vectors any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
@@
-struct frame_vector *vb2_create_framevec(...);

@@
@@
-void vb2_destroy_framevec(...);
// </smpl>
