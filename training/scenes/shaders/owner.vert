#version 330
in vec3 in_position;
in vec2 in_uv;
in uvec4 in_surface;
in uint in_owner;
uniform mat4 matrix;
out vec2 uv;
flat out uint owner;
flat out uvec4 surface;

void main() {
    uv = in_uv;
    owner = in_owner;
    surface = in_surface;
    gl_Position = matrix * vec4(in_position, 1.0);
}
