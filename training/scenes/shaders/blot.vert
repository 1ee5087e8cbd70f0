#version 330
// Dark blots on the ground, where people and cars keep the sky's light away.
in vec3 in_position;
in vec2 in_uv;
uniform mat4 matrix;
out vec2 uv;
void main() {
    uv = in_uv;
    gl_Position = matrix * vec4(in_position, 1.0);
}
