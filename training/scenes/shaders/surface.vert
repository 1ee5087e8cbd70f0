#version 330
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in vec4 in_colour;
in uvec4 in_surface;

uniform mat4 matrix;
uniform mat4 shadow_matrix;

out vec3 world;
out vec3 normal;
out vec2 uv;
out vec4 colour;
out vec3 in_shadow;
flat out float layer;
flat out float gloss;
flat out float glow;
flat out int kind;

void main() {
    world = in_position;
    normal = in_normal;
    uv = in_uv;
    colour = in_colour;
    layer = float(in_surface.x);
    gloss = float(in_surface.y) / 255.0;
    glow = float(in_surface.z) / 255.0;
    kind = int(in_surface.w);
    in_shadow = (shadow_matrix * vec4(in_position + in_normal * 0.04, 1.0)).xyz * 0.5 + 0.5;
    gl_Position = matrix * vec4(in_position, 1.0);
}
