#version 330
in vec2 uv;
uniform float strength;
out vec4 light_out;
void main() {
    float far = length(uv);
    light_out = vec4(vec3(1.0 - strength * pow(1.0 - smoothstep(0.0, 1.0, far), 1.3)), 1.0);
}
