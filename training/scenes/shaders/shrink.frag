#version 330
// A small copy of the picture; light beyond white is kept, within reason.
in vec2 at;
uniform sampler2D scene;
uniform vec2 texel;
out vec4 light_out;
void main() {
    vec3 sum = vec3(0.0);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            sum += min(texture(scene, at + (vec2(i, j) * 2.0 - 1.0) * texel).rgb, vec3(20.0));
    light_out = vec4(sum * 0.25, 1.0);
}
