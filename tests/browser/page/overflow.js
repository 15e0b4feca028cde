// What sticks out of the page sideways.
() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return '';
    for (const element of document.querySelectorAll('body *')) {
        if (element.getBoundingClientRect().right > width + 1 && !element.closest('.scroll')) {
            return element.outerHTML.slice(0, 200);
        }
    }
    return 'the page scrolls sideways';
}
