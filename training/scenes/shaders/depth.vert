#version 330
in vec3 in_position;
uniform mat4 matrix;
void main() { gl_Position = matrix * vec4(in_position, 1.0); }
