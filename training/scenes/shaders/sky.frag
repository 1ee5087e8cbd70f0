#version 330
// The sky: a gradient, the sun's glow, and clouds on a level sheet.
in vec3 ray;
uniform sampler2DArray textures;
uniform vec2 drift;
#include "sky.glsl"
out vec4 light_out;

void main() {
    vec3 direction = normalize(ray);
    vec3 light = sky_light(direction);
    float up = max(direction.z, 0.0);
    vec2 sheet = direction.xy / (up + 0.12) * 0.11 + drift;
    float thick = texture(textures, vec3(sheet, 10.0)).r * 0.65 + texture(textures, vec3(sheet * 2.9, 10.0)).r * 0.35;
    float cover = smoothstep(0.78 - 0.75 * cloud, 1.02 - 0.62 * cloud, thick);
    vec3 grey = mix(horizon, zenith, 0.25);
    float bright = dot(grey, vec3(0.3, 0.5, 0.2));
    vec3 lit = mix(vec3(bright) * 1.1, grey, 0.3) * (1.12 - 0.55 * thick * cloud) + sun * 0.16;
    light = mix(light, lit, cover * smoothstep(0.0, 0.25, up) * 0.9);
    light_out = vec4(light, 1.0);
}
