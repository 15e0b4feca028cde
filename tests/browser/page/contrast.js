// Texts with less contrast than WCAG's 4.5 to 1.
() => {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = color => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data;
    };
    const luminance = color => {
        const [r, g, b] = [...rgba(color)].slice(0, 3).map(part => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = element => {
        for (let at = element; at; at = at.parentElement) {
            const color = getComputedStyle(at).backgroundColor;
            if (rgba(color)[3] > 0) return color;
        }
        return 'white';
    };
    const seen = new Map();
    for (const element of document.querySelectorAll('body *')) {
        const isText = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!isText && !(element.localName === 'i' && /^[fc]$/.test(element.className))) continue;
        const style = getComputedStyle(element);
        const colors = style.color + ' on ' + background(element);
        if (seen.has(colors)) continue;
        const [a, b] = [luminance(style.color), luminance(background(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        seen.set(colors, ratio);
        if (ratio < 4.5 || style.opacity !== '1') {
            return [`${colors}: contrast ${ratio.toFixed(2)}, ${element.className} ${element.textContent.slice(0, 40)}`];
        }
    }
    return [];
}
