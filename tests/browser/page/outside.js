// The texts of charts that are cut off at the edge of their widget.
() => [...document.querySelectorAll('section')].flatMap(section => {
    const frame = section.getBoundingClientRect();
    return [...section.querySelectorAll('text, h2, li, b')]
        .filter(text => {
            const box = text.getBoundingClientRect();
            return box.right > frame.right + 1 || box.bottom > frame.bottom + 1 || box.left < frame.left - 1;
        })
        .map(text => text.textContent);
})
