// Where the focus is, and whether that can be seen.
() => {
    const element = document.activeElement;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return {
        stop: element.localName
            + (element.className ? '.' + element.className : '')
            + (element.className ? '' : element.hash ? ' ' + element.hash : '')
            + ' ' + element.textContent.trim().slice(0, 60),
        visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
            && box.bottom > 0 && box.top < innerHeight && box.width > 0,
    };
}
