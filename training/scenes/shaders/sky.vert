#version 330
// One triangle that covers the picture, at the far end of the depth range.
in vec2 in_corner;
uniform mat4 inverse_matrix;
out vec3 ray;

void main() {
    vec4 far = inverse_matrix * vec4(in_corner, 1.0, 1.0);
    vec4 near = inverse_matrix * vec4(in_corner, -1.0, 1.0);
    ray = far.xyz / far.w - near.xyz / near.w;
    gl_Position = vec4(in_corner, 0.99999, 1.0);
}
