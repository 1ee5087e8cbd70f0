#version 330
// Whose pixel it is; holes between leaves are nobody's.
in vec2 uv;
flat in uint owner;
flat in uvec4 surface;
uniform sampler2DArray textures;
out uint owner_out;

void main() {
    if (surface.w == 3u && texture(textures, vec3(uv, float(surface.x))).a < 0.5) discard;
    owner_out = owner;
}
